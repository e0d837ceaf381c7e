// lane_queue of 3 entries for 2 readers: no reader is ever more than 3 entries behind or ahead of
// the writer, and every reader takes the entries in the order in which they came.
`default_nettype none

module lane_queue_formal (
  input wire       clk_i,
  input wire       valid_i,
  input wire       data_i,
  input wire [1:0] ready_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire       ready;
  wire [1:0] valid, data;

  lane_queue dut (
    .clk_i(clk_i), .rst_ni(rst_n), .valid_i(valid_i), .ready_o(ready), .data_i(data_i),
    .valid_o(valid), .ready_i(ready_i), .data_o(data)
  );

  // The same queue of reader 0 as a shift register, newest entry lowest, and entries by reader.
  reg [2:0] entries;
  reg [2:0] count0;
  reg [2:0] count1;
  wire      push = valid_i && ready;
  wire      pop0 = valid[0] && ready_i[0];
  wire      pop1 = valid[1] && ready_i[1];

  always @(posedge clk_i) begin
    if (!rst_n) begin
      count0 <= 3'd0;
      count1 <= 3'd0;
    end else begin
      count0 <= count0 + {2'd0, push} - {2'd0, pop0};
      count1 <= count1 + {2'd0, push} - {2'd0, pop1};
      if (push) entries <= {entries[1:0], data_i};
    end
  end

  always @* if (rst_n) begin
    bounded: assert (count0 <= 3'd3 && count1 <= 3'd3);
    honest:  assert (valid == {count1 != 3'd0, count0 != 3'd0});
    order0:  assert (!valid[0] || data[0] == entries[count0[1:0] - 2'd1]);
    order1:  assert (!valid[1] || data[1] == entries[count1[1:0] - 2'd1]);
    open:    assert (ready || count0 == 3'd3 || count1 == 3'd3);
  end

endmodule

`default_nettype wire
