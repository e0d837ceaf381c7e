// stream_port between streams and a slave that do what they like, and a window whose word a holds a.
// control_registers_inside.sv proves what is assumed of the registers.
`default_nettype none

module stream_port_formal (
  input wire        clk_i,
  input wire        clear_i,
  input wire        set_write_i,
  input wire        set_read_i,
  input wire        start_i,
  input wire [3:0]  value_i,
  input wire        s_valid_i,
  input wire [31:0] s_data_i,
  input wire        m_ready_i,
  input wire        lite_write_valid_i,
  input wire [2:0]  lite_write_addr_i,
  input wire [31:0] lite_write_data_i,
  input wire        lite_read_valid_i,
  input wire [2:0]  lite_read_addr_i
);

  localparam [3:0] WORDS = 4'd6;

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire        s_ready, m_valid, m_last, write_ready, read_ready, en, we, overrun;
  wire [31:0] m_data, wdata;
  wire [2:0]  addr;
  wire [3:0]  write_word, read_word, left;
  reg  [2:0]  rdata;

  stream_port dut (
    .clk_i(clk_i), .rst_ni(rst_n), .clear_i(clear_i),
    .set_write_i(set_write_i), .set_read_i(set_read_i), .start_i(start_i), .value_i(value_i),
    .write_word_o(write_word), .read_word_o(read_word), .left_o(left), .overrun_o(overrun),
    .s_valid_i(s_valid_i), .s_ready_o(s_ready), .s_data_i(s_data_i),
    .m_valid_o(m_valid), .m_ready_i(m_ready_i), .m_data_o(m_data), .m_last_o(m_last),
    .lite_write_valid_i(lite_write_valid_i), .lite_write_ready_o(write_ready),
    .lite_write_addr_i(lite_write_addr_i), .lite_write_data_i(lite_write_data_i),
    .lite_read_valid_i(lite_read_valid_i), .lite_read_ready_o(read_ready),
    .lite_read_addr_i(lite_read_addr_i),
    .window_en_o(en), .window_we_o(we), .window_addr_o(addr), .window_wdata_o(wdata),
    .window_rdata_i({29'd0, rdata})
  );

  axi_stream_rules rules (
    .clk_i(clk_i), .rst_ni(rst_n), .valid_i(m_valid), .ready_i(m_ready_i), .data_i(m_data),
    .last_i(m_last)
  );

  always @* begin
    assume (!(clear_i && (set_write_i || set_read_i || start_i)));
    assume ({1'b0, set_write_i} + {1'b0, set_read_i} + {1'b0, start_i} <= 2'd1);
    assume (!(set_write_i || set_read_i) || value_i < WORDS);
    assume (!(set_read_i || start_i) || left == 4'd0);
    assume (!start_i || value_i <= WORDS - read_word);
    assume (lite_write_addr_i < WORDS && lite_read_addr_i < WORDS);
  end

  wire lite_write = lite_write_valid_i && write_ready;
  wire lite_read  = lite_read_valid_i && read_ready;
  wire other      = en && !lite_write && !lite_read;
  wire s_taken    = s_valid_i && s_ready;
  wire m_taken    = m_valid && m_ready_i;

  // In: where words go, by the accesses alone; what is owed to the window.
  reg [3:0]  target;
  reg        owed;
  reg [3:0]  owed_addr;
  reg [31:0] owed_data;
  wire       due   = owed || (s_taken && target < WORDS);
  wire       write = other && we;

  // Out: the next word that the host sees, how many come, and of a cut packet only the one on offer.
  reg [3:0] next;
  reg [3:0] rest;
  reg       cut;

  // Cycles that somebody waits for a turn.
  reg [3:0] write_wait;
  reg [3:0] read_wait;
  reg [3:0] out_wait;

  always @(posedge clk_i) begin
    if (en && !we) rdata <= addr;
    if (!rst_n) begin
      target     <= 4'd0;
      owed       <= 1'b0;
      next       <= 4'd0;
      rest       <= 4'd0;
      cut        <= 1'b0;
      write_wait <= 4'd0;
      read_wait  <= 4'd0;
      out_wait   <= 4'd0;
    end else begin
      target     <= clear_i ? 4'd0 : set_write_i ? value_i
                    : target + {3'd0, s_taken && target < WORDS};
      owed       <= due && !write;
      if (!owed) begin
        owed_addr <= target;
        owed_data <= s_data_i;
      end
      next       <= set_read_i ? value_i : next + {3'd0, m_taken};
      rest       <= clear_i ? {3'd0, m_valid && !m_ready_i} : start_i ? value_i
                    : rest - {3'd0, m_taken};
      cut        <= clear_i ? m_valid && !m_ready_i : cut && !m_taken;
      // Once a packet was cut off, reads begin at word 0 again.
      if ((clear_i || cut) && !(m_valid && !m_ready_i)) next <= 4'd0;
      write_wait <= (lite_write_valid_i && !write_ready) ? write_wait + 4'd1 : 4'd0;
      read_wait  <= (lite_read_valid_i && !read_ready) ? read_wait + 4'd1 : 4'd0;
      out_wait   <= (rest != 4'd0 && !m_valid) ? out_wait + 4'd1 : 4'd0;
    end
  end

  always @* if (rst_n) begin
    inside:   assert (!en || addr < WORDS);
    one:      assert (!(lite_write && lite_read));
    slave:    assert (!(lite_write || lite_read) || (en && we == lite_write &&
                      addr == (lite_write ? lite_write_addr_i : lite_read_addr_i)));
    slave_d:  assert (!lite_write || wdata == lite_write_data_i);
    known:    assert (!write || due);
    at_once:  assert (!owed || write);
    right:    assert (!write || (addr == (owed ? owed_addr[2:0] : target[2:0]) &&
                      wdata == (owed ? owed_data : s_data_i)));
    shown_w:  assert (write_word == target);
    counted:  assert (left == rest);
    asked:    assert (!m_valid || rest != 4'd0);
    order:    assert (!m_valid || m_data == {28'd0, next});
    ends:     assert (!m_valid || cut || m_last == (rest == 4'd1));
    turn_w:   assert (write_wait <= 4'd7);
    turn_r:   assert (read_wait <= 4'd7);
    turn_out: assert (out_wait <= 4'd5);
  end

endmodule

`default_nettype wire
