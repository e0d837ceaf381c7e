// stream_port: bulk data of the window by AXI4-Stream, and whose turn it is at the window's host port.
//
// In:  each word accepted goes to window word write_word_o, which then counts up. A word beyond the
//      window is dropped and sets overrun_o. What was accepted is in the window one cycle later.
// Out: start_i sends value_i words from read_word_o on, the last with m_last_o. Two entries behind
//      the window keep the words that were read when m_ready_i goes low.
//
// Turns: a word from the stream that had to wait for one cycle goes first; then the AXI4-Lite slave
// and the outgoing stream alternate, as writes and reads of the slave do; a new word from the stream
// passes where nobody else asks. So nobody waits for ever.
// Throughput: one word a cycle in or out while nobody else asks. Latency: out, 3 cycles from start_i.
// clear_i ends a transfer: a word on offer stays on offer until it is accepted, others are forgotten.
`default_nettype none

module stream_port #(
  parameter integer WORDS = 65536,
  parameter integer WIDTH = $clog2(WORDS)  // of an address
) (
  input  wire             clk_i,
  input  wire             rst_ni,             // asynchronous, active low
  input  wire             clear_i,            // soft reset

  // Registers: values lie in the window; no set_read_i or start_i while left_o is not 0
  input  wire             set_write_i,
  input  wire             set_read_i,
  input  wire             start_i,
  input  wire [WIDTH:0]   value_i,
  output wire [WIDTH:0]   write_word_o,       // where the next word in goes
  output wire [WIDTH:0]   read_word_o,        // the next word that is read from the window
  output wire [WIDTH:0]   left_o,             // words that nobody has accepted yet
  output wire             overrun_o,          // a word was dropped since set_write_i

  // Stream in
  input  wire             s_valid_i,
  output wire             s_ready_o,
  input  wire [31:0]      s_data_i,

  // Stream out
  output wire             m_valid_o,
  input  wire             m_ready_i,
  output wire [31:0]      m_data_o,
  output wire             m_last_o,

  // AXI4-Lite slave; what was read stands on window_rdata_i in the cycle after
  input  wire             lite_write_valid_i,
  output wire             lite_write_ready_o,
  input  wire [WIDTH-1:0] lite_write_addr_i,
  input  wire [31:0]      lite_write_data_i,
  input  wire             lite_read_valid_i,
  output wire             lite_read_ready_o,
  input  wire [WIDTH-1:0] lite_read_addr_i,

  // Window
  output wire             window_en_o,
  output wire             window_we_o,
  output wire [WIDTH-1:0] window_addr_o,
  output wire [31:0]      window_wdata_o,
  input  wire [31:0]      window_rdata_i
);

  localparam [WIDTH:0] NONE = {(WIDTH+1){1'b0}};
  localparam [WIDTH:0] ONE  = {{WIDTH{1'b0}}, 1'b1};
  localparam [WIDTH:0] END  = WORDS[WIDTH:0];

  reg             held_q;       // a word accepted in the cycle before, not written yet
  reg [WIDTH-1:0] held_addr_q;
  reg [31:0]      held_data_q;
  reg [WIDTH:0]   write_q;
  reg             overrun_q;

  reg [WIDTH:0]   read_q;
  reg [WIDTH:0]   fetch_q;      // words to read
  reg [WIDTH:0]   left_q;       // words to be accepted
  reg             flying_q;     // read in the cycle before: on window_rdata_i now
  reg             flying_last_q;
  reg             front_q;      // on offer
  reg             front_last_q;
  reg [31:0]      front_data_q;
  reg             back_q;       // behind it
  reg             back_last_q;
  reg [31:0]      back_data_q;

  // --- Turns ---

  reg  lite_q;   // of slave and outgoing stream, the slave had the last turn
  reg  wrote_q;  // and its last access was a write

  wire s_taken    = s_valid_i && s_ready_o;
  wire store      = s_taken && write_q != END;
  wire m_taken    = front_q && m_ready_i;
  wire fetch      = fetch_q != NONE && (m_taken || !front_q || !(back_q || flying_q));
  wire lite       = lite_write_valid_i || lite_read_valid_i;
  wire lite_free  = !held_q && !(fetch && lite_q);
  wire lite_write = lite_write_valid_i && lite_write_ready_o;
  wire lite_read  = lite_read_valid_i && lite_read_ready_o;
  wire fetched    = fetch && !held_q && (!lite || lite_q);
  wire pass       = store && !lite && !fetch;

  assign lite_write_ready_o = lite_free && !(lite_read_valid_i && wrote_q);
  assign lite_read_ready_o  = lite_free && (!lite_write_valid_i || wrote_q);

  assign window_en_o    = held_q || lite || fetch || store;
  assign window_we_o    = held_q || lite_write || pass;
  assign window_addr_o  = held_q ? held_addr_q : lite_write ? lite_write_addr_i
                        : lite_read ? lite_read_addr_i : fetched ? read_q[WIDTH-1:0]
                        : write_q[WIDTH-1:0];
  assign window_wdata_o = held_q ? held_data_q : lite_write ? lite_write_data_i : s_data_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      lite_q  <= 1'b0;
      wrote_q <= 1'b0;
    end else begin
      if (lite_write || lite_read) begin
        lite_q  <= 1'b1;
        wrote_q <= lite_write;
      end else if (fetched) begin
        lite_q <= 1'b0;
      end
    end
  end

  // --- In ---

  assign s_ready_o    = !held_q;
  assign write_word_o = write_q;
  assign overrun_o    = overrun_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q      <= 1'b0;
      held_addr_q <= {WIDTH{1'b0}};
      held_data_q <= 32'd0;
      write_q     <= NONE;
      overrun_q   <= 1'b0;
    end else begin
      held_q <= store && !pass;
      if (store) begin
        held_addr_q <= write_q[WIDTH-1:0];
        held_data_q <= s_data_i;
      end
      if (clear_i || set_write_i) begin
        write_q   <= clear_i ? NONE : value_i;
        overrun_q <= 1'b0;
      end else begin
        if (store) write_q <= write_q + ONE;
        if (s_taken && !store) overrun_q <= 1'b1;
      end
    end
  end

  // --- Out ---

  assign m_valid_o   = front_q;
  assign m_data_o    = front_data_q;
  assign m_last_o    = front_last_q;
  assign read_word_o = read_q;
  assign left_o      = left_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_q        <= NONE;
      fetch_q       <= NONE;
      left_q        <= NONE;
      flying_q      <= 1'b0;
      flying_last_q <= 1'b0;
    end else if (clear_i) begin
      read_q   <= NONE;
      fetch_q  <= NONE;
      left_q   <= {{WIDTH{1'b0}}, front_q && !m_ready_i};
      flying_q <= 1'b0;
    end else begin
      flying_q      <= fetched;
      flying_last_q <= fetch_q == ONE;
      if (set_read_i) read_q <= value_i;
      else if (fetched) read_q <= read_q + ONE;
      if (start_i) fetch_q <= value_i;
      else if (fetched) fetch_q <= fetch_q - ONE;
      if (start_i) left_q <= value_i;
      else if (m_taken) left_q <= left_q - ONE;
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      front_q      <= 1'b0;
      front_last_q <= 1'b0;
      front_data_q <= 32'd0;
      back_q       <= 1'b0;
      back_last_q  <= 1'b0;
      back_data_q  <= 32'd0;
    end else begin
      if (m_taken || !front_q) begin
        front_q      <= (back_q || flying_q) && !clear_i;
        front_last_q <= back_q ? back_last_q : flying_last_q;
        front_data_q <= back_q ? back_data_q : window_rdata_i;
        back_q       <= 1'b0;
      end else begin
        back_q <= (back_q || flying_q) && !clear_i;
        if (flying_q) begin
          back_last_q <= flying_last_q;
          back_data_q <= window_rdata_i;
        end
      end
    end
  end

endmodule

`default_nettype wire
